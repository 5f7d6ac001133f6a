// Passkeys: the browser is asked when the button is pressed, its answer goes with the form, and the board says what it makes of it.

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const fault = form.querySelector('[role=alert]');
  const answer = form.elements.namedItem('Answer');

  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    fault.textContent = 'This browser has no passkeys here: it may be too old, or the connection is not secure.';
    form.querySelector('button').disabled = true;
    continue;
  }

  form.addEventListener('submit', async event => {
    if (answer.value) return;
    event.preventDefault();
    fault.textContent = '';
    const options = JSON.parse(form.dataset.options);
    try {
      const credential = form.dataset.passkey === 'create'
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      answer.value = JSON.stringify(credential);
      form.requestSubmit();
    } catch (error) {
      fault.textContent = error.name === 'InvalidStateError' ? 'This device holds a passkey of your account already.'
        : error.name === 'SecurityError' ? 'Passkeys belong to a name, and this address is none, or not the one this board is known by.'
        : 'No passkey was used: you stopped it, it took too long, or there is none for this board on this device.';
    }
  });
}
