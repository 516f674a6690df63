/** The item in the status bar, and the menu behind it. */

import * as vscode from 'vscode';
import { progressOf, type Status } from './protocol';
import type { Server } from './server';

const LOOKS: Record<Status['state'], { icon: string; says: string }> = {
  'no-model': { icon: '$(circle-slash)', says: 'no model' },
  loading: { icon: '$(loading~spin)', says: 'loading' },
  idle: { icon: '$(book)', says: '' },
  reading: { icon: '$(loading~spin)', says: 'reading' },
  writing: { icon: '$(edit)', says: 'writing' },
  failed: { icon: '$(error)', says: 'failed' },
};

const MENU: [label: string, command: string][] = [
  ['$(debug-stop) Cancel', 'qwlsp.editor.cancel'],
  ['$(package) Choose Model…', 'qwlsp.editor.chooseModel'],
  ['$(pulse) Check This Machine', 'qwlsp.editor.doctor'],
  ['$(output) Show Log', 'qwlsp.editor.showLog'],
  ['$(gear) Settings', 'qwlsp.editor.settings'],
  ['$(debug-restart) Restart', 'qwlsp.editor.restart'],
];

/** Shows the server's state until it is disposed. */
export function showStatus(server: Server): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('qwlsp', vscode.StatusBarAlignment.Right, 100);
  item.name = 'qwlsp';
  item.command = 'qwlsp.editor.menu';
  show(item, '$(circle-slash)', 'not running', 'qwlsp is not running.');
  item.show();
  return vscode.Disposable.from(
    item,
    server.onStatus((status) => update(item, status)),
    server.onEnded(() => show(item, '$(circle-slash)', 'not running', 'qwlsp is not running.')),
  );
}

/** Let the person choose what to do, as a click on the item does. */
export async function showMenu(): Promise<void> {
  const items = MENU.map(([label, command]) => ({ label, command }));
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: 'qwlsp' });
  if (chosen) {
    await vscode.commands.executeCommand(chosen.command);
  }
}

function update(item: vscode.StatusBarItem, status: Status): void {
  const { icon, says } = LOOKS[status.state];
  const progress = status.state === 'reading' ? ` ${progressOf(status)}` : '';
  show(item, icon, `${says}${progress}`, `Model: ${status.model ?? 'none'}`);
}

function show(item: vscode.StatusBarItem, icon: string, says: string, tooltip: string): void {
  item.text = says ? `${icon} qwlsp: ${says}` : `${icon} qwlsp`;
  item.tooltip = `${tooltip}\nClick for what can be done.`;
}
