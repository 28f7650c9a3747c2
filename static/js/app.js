/** The page's own code: registers the elements; each does its work when it is on the page. */
import { ChatComposer } from "./elements/chat-composer.js";
import { CopyButton } from "./elements/copy-button.js";
import { ElapsedTime } from "./elements/elapsed-time.js";
import { MessageStream } from "./elements/message-stream.js";
import { ScrollAnchor } from "./elements/scroll-anchor.js";
import { ThemeSwitch } from "./elements/theme-switch.js";
import { registerGrow } from "./stream/grow.js";
import { listenForShortcuts } from "./ui/shortcuts.js";
import { keepEntriesSingle } from "./ui/single.js";
import { tendToasts } from "./ui/toasts.js";

for (const element of [ChatComposer, CopyButton, ElapsedTime, MessageStream, ScrollAnchor, ThemeSwitch]) {
  customElements.define(element.tag, element);
}
registerGrow();
tendToasts();
keepEntriesSingle();
listenForShortcuts();
