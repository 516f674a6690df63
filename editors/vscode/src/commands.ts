/** The actions of the palette and the context menu, on what is under the cursor. */

import * as vscode from 'vscode';
import type { Question } from './protocol';
import type { Server } from './server';

/** Explain, make async or find bugs in what is under the cursor: `command` is the server's. */
export async function run(server: Server, command: string): Promise<void> {
  const question = underCursor();
  if (question) {
    await server.ask(command, question);
  }
}

/** Ask for a question and put it to the server, about what is under the cursor. */
export async function ask(server: Server): Promise<void> {
  const question = underCursor();
  const words = question && (await askFor('What do you want to know about this code?'));
  if (words) {
    await server.ask('qwlsp.ask', { ...question, question: words });
  }
}

/** The same about all files of the workspace's folder, the first if there are several. */
export async function askWorkspace(server: Server): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) {
    void vscode.window.showInformationMessage('Open a folder to ask about.');
    return;
  }
  const words = await askFor(`What do you want to know about ${folder.name}?`);
  if (words) {
    await server.ask('qwlsp.ask', { uri: folder.uri.toString(), question: words });
  }
}

function askFor(prompt: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({ prompt, ignoreFocusOut: true });
}

function underCursor(): Question | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    void vscode.window.showInformationMessage('Open a file and put the cursor into a function.');
    return undefined;
  }
  const { document, selection } = editor;
  const { start, end } = selection;
  return {
    uri: document.uri.toString(),
    version: document.version,
    range: {
      start: { line: start.line, character: start.character },
      end: { line: end.line, character: end.character },
    },
  };
}
