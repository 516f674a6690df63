/** Lets the person choose a model among those on the machine, or fetch one. */

import * as vscode from 'vscode';
import { findProgram, output } from './program';
import type { Server } from './server';
import { runInTerminal } from './terminal';

/** A model as `qwlsp model list --json` describes it. */
interface Model {
  name: string;
  path: string;
  origin: string;
  size_bytes: number;
  quantization: string;
  /** Whether it fits into this machine's memory. */
  fits: boolean;
}

interface Choice extends vscode.QuickPickItem {
  choose(): Promise<unknown>;
}

/** Show the models that are there, and use the one that is chosen. */
export async function chooseModel(server: Server): Promise<void> {
  const program = await findProgram();
  if (program === undefined) {
    await vscode.commands.executeCommand('qwlsp.editor.install');
    return;
  }
  const title = 'qwlsp: Choose Model';
  const choices = listed(program).then((models) => [...models.map(choice), ...others(server)]);
  const chosen = await vscode.window.showQuickPick(choices, { title, matchOnDescription: true });
  await chosen?.choose();
}

/** Fetch the default model in a terminal, which shows how far it is. */
export async function pullModel(server: Server): Promise<void> {
  const program = await findProgram();
  if (program === undefined) {
    await vscode.commands.executeCommand('qwlsp.editor.install');
  } else if (await runInTerminal('qwlsp model pull', program, ['model', 'pull'])) {
    await server.reconfigure();
  }
}

async function listed(program: string): Promise<Model[]> {
  try {
    const found: unknown = JSON.parse(await output(program, ['model', 'list', '--json']));
    return (found as { models: Model[] }).models;
  } catch (error) {
    void vscode.window.showErrorMessage((error as Error).message);
    return [];
  }
}

function choice(model: Model): Choice {
  const size = `${Math.round(model.size_bytes / 1e6).toLocaleString()} MB`;
  const memory = model.fits ? [] : ['$(warning) needs more memory than there is'];
  return {
    label: model.name,
    description: [model.quantization, size, model.origin, ...memory].join(', '),
    detail: model.path,
    choose: () => use(model.path),
  };
}

function others(server: Server): Choice[] {
  return [
    {
      label: '$(cloud-download) Fetch Qwen2.5-0.5B-Instruct…',
      description: 'in a terminal, which says how large it is and asks first',
      choose: () => pullModel(server),
    },
    { label: '$(folder-opened) Open a GGUF File…', choose: openFile },
    { label: '$(search) Whichever Is Found', choose: () => use(undefined) },
  ];
}

async function openFile(): Promise<void> {
  const files = await vscode.window.showOpenDialog({ filters: { GGUF: ['gguf'] } });
  if (files?.[0]) {
    await use(files[0].fsPath);
  }
}

/** The server hears of the new setting by itself. */
async function use(path: string | undefined): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('qwlsp');
  const ofWorkspace = configuration.inspect('model.path')?.workspaceValue !== undefined;
  const { Workspace, Global } = vscode.ConfigurationTarget;
  await configuration.update('model.path', path, ofWorkspace ? Workspace : Global);
}
