/**
 * <passkey-form>: asks the browser for a passkey and posts what it answers. `data-mode` is `login` (options are
 * fetched from the form's own address), `confirm` or `add` (options stand in #passkey-options). Stays hidden where
 * passkeys cannot work. Imports nothing: it is loaded by account pages alone.
 */

const REFUSED = "That did not work. Try again, or use your password.";
const EXISTS = "This device has a key for your account already.";

class PasskeyForm extends HTMLElement {
  #listening;

  connectedCallback() {
    if (!passkeysWork()) return;
    document.querySelector("[data-without-passkeys]")?.remove();
    this.hidden = false;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#button.addEventListener("click", () => void this.#run(), { signal });
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  get #form() {
    return this.querySelector("form");
  }

  get #button() {
    return this.querySelector("button");
  }

  async #run() {
    this.#tell("");
    this.#button.disabled = true;
    try {
      const credential = await this.#ask();
      this.#form.elements.namedItem("credential").value = JSON.stringify(credential);
      this.#form.submit();
    } catch (error) {
      this.#button.disabled = false;
      this.#tell(sentence(error));
    }
  }

  async #ask() {
    if (this.dataset.mode === "login") return get(await fetchOptions(this.#form.action));
    const options = JSON.parse(document.getElementById("passkey-options").textContent);
    if (this.dataset.mode === "confirm") return get(options.request_options);
    return create(options.creation_options, this.#form.elements.namedItem("passwordless")?.checked ?? false);
  }

  #tell(text) {
    const problem = this.querySelector("[role=alert]");
    problem.textContent = text;
    problem.hidden = !text;
  }
}

customElements.define("passkey-form", PasskeyForm);

/** A bare address cannot own passkeys, only a name can. */
function passkeysWork() {
  return "PublicKeyCredential" in window && !/^[\d.]+$|^\[/.test(location.hostname);
}

async function fetchOptions(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`passkey options: ${response.status}`);
  return (await response.json()).request_options;
}

async function get({ publicKey }) {
  const credential = await navigator.credentials.get({ publicKey: readOptions(publicKey) });
  return written(credential, ["authenticatorData", "clientDataJSON", "signature", "userHandle"]);
}

async function create({ publicKey }, passwordless) {
  publicKey.authenticatorSelection = {
    ...publicKey.authenticatorSelection,
    residentKey: passwordless ? "required" : "discouraged",
    requireResidentKey: passwordless,
    ...(passwordless && { userVerification: "required" }),
  };
  const credential = await navigator.credentials.create({ publicKey: readOptions(publicKey) });
  return written(credential, ["attestationObject", "clientDataJSON"]);
}

function readOptions(publicKey) {
  const bytes = (item) => ({ ...item, id: fromBase64(item.id) });
  return {
    ...publicKey,
    challenge: fromBase64(publicKey.challenge),
    ...(publicKey.user && { user: bytes(publicKey.user) }),
    ...(publicKey.allowCredentials && { allowCredentials: publicKey.allowCredentials.map(bytes) }),
    ...(publicKey.excludeCredentials && { excludeCredentials: publicKey.excludeCredentials.map(bytes) }),
  };
}

function written(credential, fields) {
  const response = {};
  for (const field of fields) {
    if (credential.response[field]) response[field] = toBase64(credential.response[field]);
  }
  return {
    id: credential.id,
    rawId: toBase64(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function fromBase64(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function toBase64(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function sentence(error) {
  return error.name === "InvalidStateError" ? EXISTS : REFUSED;
}
