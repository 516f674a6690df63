/** Shows what `qwlsp doctor` says about the machine, the model and its speed. */

import * as vscode from 'vscode';
import { findProgram, output } from './program';

let channel: vscode.OutputChannel | undefined;

/** Run the program, which measures for some seconds, and show what it prints. */
export async function doctor(): Promise<void> {
  const program = await findProgram();
  if (program === undefined) {
    await vscode.commands.executeCommand('qwlsp.editor.install');
    return;
  }
  const title = 'qwlsp: measuring this machine';
  const location = vscode.ProgressLocation.Notification;
  try {
    const said = await vscode.window.withProgress({ title, location }, () =>
      output(program, ['doctor']),
    );
    channel ??= vscode.window.createOutputChannel('qwlsp doctor');
    channel.replace(said);
    channel.show();
  } catch (error) {
    void vscode.window.showErrorMessage((error as Error).message);
  }
}
