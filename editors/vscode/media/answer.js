// Draws what the extension sends, and tells it which button was pressed.

(() => {
  /** @type {{ postMessage(message: string): void }} */
  // @ts-expect-error: VS Code provides it
  const editor = acquireVsCodeApi();

  /** @param {string} id */
  const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

  window.addEventListener('message', ({ data: shown }) => {
    const page = document.documentElement;
    const atEnd = page.scrollTop + page.clientHeight >= page.scrollHeight - 8; // pixels
    element('heading').textContent = shown.heading;
    element('place').textContent = shown.place;
    element('answer').innerHTML = shown.html;
    element('note').textContent = shown.note;
    element('cancel').hidden = shown.state !== 'working';
    element('continue').hidden = shown.state !== 'truncated';
    element('follow-up').hidden = shown.state !== 'answered' && shown.state !== 'truncated';
    element('again').hidden = shown.state !== 'failed';
    if (atEnd && shown.state === 'working') {
      page.scrollTop = page.scrollHeight;
    }
  });

  document.addEventListener('click', ({ target }) => {
    if (target instanceof HTMLElement && target.dataset.message) {
      editor.postMessage(target.dataset.message);
    }
  });

  editor.postMessage('ready');
})();
