// Passkeys: a form with data-passkey gets what the browser answers into its field `credential`, and is sent then.
// What the browser is asked stands beside the form (data-asks names it), or is fetched from the form's address.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (credentials) => (credentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function create(asked) {
  const user = { ...asked.user, id: bytes(asked.user.id) };
  const selection = { ...asked.authenticatorSelection };
  Object.assign(selection, { residentKey: "required", requireResidentKey: true, userVerification: "required" });
  const options = { ...asked, user, challenge: bytes(asked.challenge), authenticatorSelection: selection };
  options.excludeCredentials = known(asked.excludeCredentials);
  const made = await navigator.credentials.create({ publicKey: options });
  const { clientDataJSON, attestationObject } = made.response;
  const transports = made.response.getTransports?.() ?? [];
  return answer(made, { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject), transports });
}

async function show(asked) {
  const options = { ...asked, challenge: bytes(asked.challenge), allowCredentials: known(asked.allowCredentials) };
  const shown = await navigator.credentials.get({ publicKey: options });
  const { clientDataJSON, authenticatorData, signature, userHandle } = shown.response;
  return answer(shown, {
    clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

function answer(credential, response) {
  const clientExtensionResults = credential.getClientExtensionResults();
  const { id, type, rawId, authenticatorAttachment } = credential;
  return JSON.stringify({ id, type, rawId: text(rawId), authenticatorAttachment, clientExtensionResults, response });
}

async function asked(form) {
  const beside = form.dataset.asks && document.getElementById(form.dataset.asks);
  if (beside) return JSON.parse(beside.textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no answer");
  return answer.json();
}

const REASONS = {
  NotAllowedError: "No passkey was used. Try again when you are ready.",
  InvalidStateError: "This device has a passkey of yours already.",
  SecurityError: "Passkeys need an address with https.",
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const hint = form.querySelector("[data-passkey-hint]");
  if (!window.PublicKeyCredential) {
    form.querySelector("button").disabled = true;
    hint.textContent = "This browser knows no passkeys, or the address has no https.";
    continue;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    hint.textContent = "";
    try {
      const options = await asked(form);
      const question = (options.creation_options ?? options.request_options).publicKey;
      form.elements.credential.value = await (options.creation_options ? create(question) : show(question));
      form.submit(); // sends no event, so it does not come here again
    } catch (error) {
      hint.textContent = REASONS[error.name] ?? "That did not work. Load the page again and retry.";
      button.disabled = false;
    }
  });
}
