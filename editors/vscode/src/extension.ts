/** Puts the parts together when VS Code starts the extension. */

import * as vscode from 'vscode';
import { Answers } from './answers';
import { ask, askWorkspace, run } from './commands';
import { doctor } from './doctor';
import { chooseModel, pullModel } from './models';
import { Server } from './server';
import { getStarted, install, start, watchForModel } from './setup';
import { showMenu, showStatus } from './status';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const running = (server = new Server());
  const media = vscode.Uri.joinPath(context.extensionUri, 'media');
  context.subscriptions.push(
    running,
    new Answers(running, media),
    showStatus(running),
    watchForModel(running, context.globalState),
    ...Object.entries(commands(running)).map(([name, command]) =>
      vscode.commands.registerCommand(`qwlsp.editor.${name}`, command),
    ),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('qwlsp.server.path')) {
        void start(running);
      }
    }),
    // A trusted workspace may bring a server of its own.
    vscode.workspace.onDidGrantWorkspaceTrust(() => start(running)),
  );
  await start(running);
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Other ids than the server's own, which the client registers. */
function commands(server: Server): Record<string, () => unknown> {
  return {
    explain: () => run(server, 'qwlsp.explain'),
    makeAsync: () => run(server, 'qwlsp.makeAsync'),
    findBugs: () => run(server, 'qwlsp.findBug'),
    ask: () => ask(server),
    askWorkspace: () => askWorkspace(server),
    cancel: () => server.cancel(),
    chooseModel: () => chooseModel(server),
    pullModel: () => pullModel(server),
    doctor,
    install: () => install(server),
    getStarted,
    restart: () => start(server),
    showLog: () => server.showLog(),
    settings: () =>
      vscode.commands.executeCommand('workbench.action.openSettings', '@ext:qwlsp.qwlsp'),
    menu: showMenu,
  };
}
