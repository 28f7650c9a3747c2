"""A real but very small language model behind Ollama's protocol, so that a bare machine has something to talk to.

`manage.py serve_model` runs `server` in a process of its own: llama.cpp's threads would starve the web process.
`start` launches that process when no Ollama answers. A request goes requests → chatml → slots → engine → replies.
What differs from Ollama: one model, always loaded (keep_alive is accepted and changes nothing), two answers at once,
503 when 64 more are waiting, and a prompt over the window is refused with 400 instead of being cut in silence.
"""
