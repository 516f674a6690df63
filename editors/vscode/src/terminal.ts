/** Programs that run in a terminal, where the person sees their progress and can answer them. */

import * as vscode from 'vscode';

/** Run a program; whether it ended well. A terminal that ended badly stays open. */
export async function runInTerminal(
  name: string,
  program: string,
  args: string[],
): Promise<boolean> {
  const terminal = vscode.window.createTerminal({ name, shellPath: program, shellArgs: args });
  terminal.show();
  return new Promise((resolve) => {
    const closed = vscode.window.onDidCloseTerminal((each) => {
      if (each === terminal) {
        closed.dispose();
        resolve(terminal.exitStatus?.code === 0);
      }
    });
  });
}
