// Passkeys: the browser is asked when the button is pressed, its answer goes with the form, and the board says what it makes of it.

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const fault = form.querySelector('[role=alert]');
  const { unable, held, nameless, stopped } = form.dataset;
  let asking = false;

  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    fault.textContent = unable;
    form.querySelector('button').disabled = true;
    continue;
  }

  form.addEventListener('submit', async event => {
    event.preventDefault();
    if (asking) return;
    asking = true;
    fault.textContent = '';
    const options = JSON.parse(form.dataset.options);
    try {
      const credential = form.dataset.passkey === 'create'
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.namedItem('Answer').value = JSON.stringify(credential);
      // Not requestSubmit: board.js takes that for a second click on the same button, and stops it.
      form.submit();
    } catch (error) {
      asking = false;
      fault.textContent = error.name === 'InvalidStateError' ? held : error.name === 'SecurityError' ? nameless : stopped;
    }
  });
}
