/** Finds the program `qwlsp` on the machine that the extension runs on, and runs it. */

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

const windows = process.platform === 'win32';
const LONGEST_OUTPUT = 16 * 1024 * 1024; // bytes

/**
 * The program's path: the one in `qwlsp.server.path`; else the one in an environment of the
 * workspace, if the workspace is trusted; else the first on PATH or where pipx installs programs.
 * Undefined where there is none.
 */
export async function findProgram(): Promise<string | undefined> {
  const chosen = vscode.workspace.getConfiguration('qwlsp').get('server.path', '').trim();
  if (chosen) {
    return firstExecutable([chosen.replace(/^~(?=[/\\])/, homedir())]);
  }
  return (await firstExecutable(inWorkspace())) ?? findOnPath('qwlsp');
}

/** The path of a program on PATH or where pipx installs programs, undefined if it is in neither. */
export function findOnPath(name: string): Promise<string | undefined> {
  // A relative entry would be looked up in the workspace, which need not be trusted.
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  folders.push(join(homedir(), '.local', 'bin'));
  return firstExecutable(folders.map((folder) => join(folder, executable(name))));
}

/** What the program prints. Throws an Error whose message is what it said on stderr. */
export async function output(program: string, args: string[]): Promise<string> {
  try {
    const done = await promisify(execFile)(program, args, { maxBuffer: LONGEST_OUTPUT });
    return done.stdout;
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? '').trim();
    throw new Error(said || (error as Error).message);
  }
}

function inWorkspace(): string[] {
  if (!vscode.workspace.isTrusted) {
    return [];
  }
  const bin = windows ? 'Scripts' : 'bin';
  return (vscode.workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === 'file')
    .flatMap((folder) =>
      ['.venv', 'venv'].map((name) => join(folder.uri.fsPath, name, bin, executable('qwlsp'))),
    );
}

function executable(name: string): string {
  return windows ? `${name}.exe` : name;
}

async function firstExecutable(paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // The next one may be there.
    }
  }
  return undefined;
}
