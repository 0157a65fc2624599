// Uses and creates passkeys. A form with data-passkey asks the server for the options
// (data-options), puts the browser's answer into its field “credential”, and is sent.

const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const decodeIds = (list) => (list || []).map((one) => ({ ...one, id: decode(one.id) }));

async function create({ publicKey }) {
  const made = await navigator.credentials.create({ publicKey: {
    ...publicKey,
    challenge: decode(publicKey.challenge),
    user: { ...publicKey.user, id: decode(publicKey.user.id) },
    excludeCredentials: decodeIds(publicKey.excludeCredentials),
  } });
  return answer(made, { attestationObject: encode(made.response.attestationObject) });
}

async function use({ publicKey }) {
  const used = await navigator.credentials.get({ publicKey: {
    ...publicKey,
    challenge: decode(publicKey.challenge),
    allowCredentials: decodeIds(publicKey.allowCredentials),
  } });
  const { authenticatorData, signature, userHandle } = used.response;
  return answer(used, {
    authenticatorData: encode(authenticatorData),
    signature: encode(signature),
    userHandle: userHandle ? encode(userHandle) : null,
  });
}

function answer(credential, response) {
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: { clientDataJSON: encode(credential.response.clientDataJSON), ...response },
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const problem = form.querySelector("[role=alert]");
  if (!window.PublicKeyCredential) {
    if (form.dataset.passkey === "new") problem.hidden = false;
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    problem.hidden = true;
    try {
      const token = form.elements.csrfmiddlewaretoken.value;
      const sent = await fetch(form.dataset.options, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": token },
      });
      // The session may have ended, or the user must confirm who they are: the page says which.
      if (sent.redirected || !sent.ok) return window.location.reload();
      const run = form.dataset.passkey === "new" ? create : use;
      form.elements.credential.value = JSON.stringify(await run(await sent.json()));
      form.submit();
    } catch {
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
