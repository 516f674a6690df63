/** The way from nothing to the first answer: install the server, find a model. */

import * as vscode from 'vscode';
import { findOnPath } from './program';
import type { Server } from './server';
import { runInTerminal } from './terminal';

/** Ready-made wheels of llama-cpp-python, for people without a compiler. */
const WHEELS = '--extra-index-url https://abetlen.github.io/llama-cpp-python/whl/cpu';
const COMMAND = `pipx install qwlsp --pip-args="${WHEELS}"`;
const TOLD_OF_MODELS = 'toldOfModels';

/** Start the server; where it is missing, say how to get it. */
export async function start(server: Server): Promise<void> {
  try {
    if (!(await server.start())) {
      void offerToInstall(server);
    }
  } catch (error) {
    const why = (error as Error).message;
    void vscode.window.showErrorMessage(`The qwlsp server could not be started: ${why}`);
  }
}

/** Install the server in a terminal, then start it. */
export async function install(server: Server): Promise<void> {
  const pipx = await findOnPath('pipx');
  if (pipx === undefined) {
    void vscode.window.showErrorMessage(
      `pipx, which installs Python programs, is not found. Install it, then run \`${COMMAND}\`.`,
    );
  } else if (
    await runInTerminal('Install qwlsp', pipx, ['install', 'qwlsp', `--pip-args=${WHEELS}`])
  ) {
    await start(server);
  }
}

/** Open the walkthrough. */
export async function getStarted(): Promise<void> {
  await vscode.commands.executeCommand(
    'workbench.action.openWalkthrough',
    'qwlsp.qwlsp#start',
    false,
  );
}

/** Say once that answers are better with a model, when there is none. */
export function watchForModel(server: Server, memory: vscode.Memento): vscode.Disposable {
  return server.onStatus(async ({ state }) => {
    const missing = state === 'no-model';
    await vscode.commands.executeCommand('setContext', 'qwlsp.hasModel', !missing);
    if (missing && !memory.get(TOLD_OF_MODELS)) {
      await memory.update(TOLD_OF_MODELS, true);
      void offerModels();
    }
  });
}

async function offerToInstall(server: Server): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(
    `The program qwlsp is not found. Install it with \`${COMMAND}\`, or set its path.`,
    'Install in a Terminal',
    'Set Path',
    'Get Started',
  );
  if (chosen === 'Install in a Terminal') {
    await install(server);
  } else if (chosen === 'Set Path') {
    await vscode.commands.executeCommand('workbench.action.openSettings', 'qwlsp.server.path');
  } else if (chosen === 'Get Started') {
    await getStarted();
  }
}

async function offerModels(): Promise<void> {
  const chosen = await vscode.window.showInformationMessage(
    'qwlsp has found no model, so its answers come from the structure of the code alone.',
    'Choose or Fetch a Model',
  );
  if (chosen) {
    await vscode.commands.executeCommand('qwlsp.editor.chooseModel');
  }
}
