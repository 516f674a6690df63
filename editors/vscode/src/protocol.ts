/** What the server sends to a client that announces `experimental.qwlsp`: see docs/protocol.md. */

import type { Range } from 'vscode-languageclient/node';

export const ANSWER = 'qwlsp/answer';
export const STATUS = 'qwlsp/status';

/** An answer in the making: `markdown` is all of it so far. The last one is `done`. */
export interface Answer {
  id: string;
  action: 'explain' | 'ask' | 'make-async' | 'find-bug';
  uri: string;
  range: Range;
  markdown: string;
  done: boolean;
  result?: Result;
  /** Why there is no result, in one sentence. */
  error?: string;
  cancelled?: boolean;
}

/** The parts that are used here of what `qwlsp explain --json` prints. */
export interface Result {
  /** The name of what it is about; empty: the whole file. */
  symbol: string;
  markdown: string;
  source: 'model' | 'rules' | 'structure';
  model: string | null;
  truncated: boolean;
  cached: boolean;
  usage: { seconds: number };
  /** Of code made async. */
  edits?: unknown[];
  findings?: unknown[];
  warnings?: string[];
}

/** What the engine is doing; the numbers come while it reads. */
export interface Status {
  state: 'no-model' | 'loading' | 'idle' | 'reading' | 'writing' | 'failed';
  model: string | null;
  tokensRead?: number;
  tokensToRead?: number;
  secondsLeft?: number;
}

/** The argument of the server's commands. */
export interface Question {
  uri: string;
  version?: number;
  range?: Range;
  question?: string;
  /** The id of the answer that is gone on with, or that a question follows. */
  after?: string;
}

/** How far the reading is, in words. */
export function progressOf(status: Status): string {
  const { tokensRead = 0, tokensToRead = 0, secondsLeft = 0 } = status;
  const left = secondsLeft >= 1 ? `, ${Math.round(secondsLeft)} s left` : '';
  return `${tokensRead} of ${tokensToRead} tokens${left}`;
}
