/** The language server: starts it, starts it again, and hears what it says beside the protocol. */

import * as vscode from 'vscode';
import {
  CancellationToken,
  type ClientCapabilities,
  ExecuteCommandRequest,
  LanguageClient,
  State,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { ANSWER, type Answer, type Question, STATUS, type Status } from './protocol';
import { tickAll } from './preview';
import { findProgram } from './program';

/** A command that the server has begun to work on. */
export interface Begun {
  id: string;
  command: string;
  question: Question;
}

/** One server at a time, and the client that talks to it. */
export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private starting = Promise.resolve(true);
  private asking = 0;
  private early: Answer[] = [];
  private readonly asked = new Set<string>();
  private readonly begun = new vscode.EventEmitter<Begun>();
  private readonly answered = new vscode.EventEmitter<Answer>();
  private readonly changed = new vscode.EventEmitter<Status>();
  private readonly ended = new vscode.EventEmitter<void>();
  private readonly log = vscode.window.createOutputChannel('qwlsp', { log: true });

  /** A command was taken up; its answers follow. */
  readonly onBegun = this.begun.event;
  /** An answer has grown or is done; only those to commands of this window. */
  readonly onAnswer = this.answered.event;
  readonly onStatus = this.changed.event;
  /** The server is gone, and with it all answers that were not done. */
  readonly onEnded = this.ended.event;

  /** Start the server anew, after what is starting now. False if there is no program to start. */
  start(): Promise<boolean> {
    const anew = () => this.startAnew();
    this.starting = this.starting.then(anew, anew);
    return this.starting;
  }

  private async startAnew(): Promise<boolean> {
    await this.stop();
    const program = await findProgram();
    await vscode.commands.executeCommand('setContext', 'qwlsp.found', program !== undefined);
    if (program === undefined) {
      return false;
    }
    this.client = this.connect(program);
    await this.client.start();
    return true;
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose();
  }

  /** Run a command of the server's on a question; the answer comes as events. */
  async ask(command: string, question: Question): Promise<void> {
    const { client } = this;
    if (client?.state !== State.Running) {
      void vscode.window.showErrorMessage('The qwlsp server is not running.');
      return;
    }
    this.asking += 1;
    try {
      const id = await request(client, command, question);
      if (id !== undefined) {
        this.begin({ id, command, question });
      }
    } catch (error) {
      void vscode.window.showErrorMessage((error as Error).message);
    } finally {
      this.asking -= 1;
      if (this.asking === 0) {
        this.early = [];
      }
    }
  }

  /** Stop an answer, or without an id all of them. */
  async cancel(id?: string): Promise<void> {
    const ids = id === undefined ? [...this.asked] : [id];
    for (const each of ids) {
      await this.client?.sendRequest(ExecuteCommandRequest.type, {
        command: 'qwlsp.cancel',
        arguments: [{ id: each }],
      });
    }
  }

  /** Have the server ask for its settings again, and so look for a model again. */
  async reconfigure(): Promise<void> {
    await this.client?.sendNotification('workspace/didChangeConfiguration', { settings: null });
  }

  showLog(): void {
    this.log.show();
  }

  dispose(): void {
    void this.stop();
    this.log.dispose();
  }

  private connect(program: string): LanguageClient {
    const client = new LanguageClient(
      'qwlsp',
      'qwlsp',
      { command: program, args: ['serve'] },
      {
        documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
        outputChannel: this.log,
        synchronize: { configurationSection: 'qwlsp' },
        initializationOptions: () => vscode.workspace.getConfiguration().get('qwlsp'),
        middleware: {
          // What the lightbulb runs; the commands of this extension run the same way.
          executeCommand: (command, [question]) => this.ask(command, question as Question),
          workspace: {
            handleApplyEdit: async (params, next) => {
              const result = await next(tickAll(params), CancellationToken.None);
              const failureReason = 'it was discarded, or the text has changed';
              return 'applied' in result && !result.applied ? { ...result, failureReason } : result;
            },
          },
        },
      },
    );
    client.registerFeature(announcement);
    client.onNotification(ANSWER, (answer: Answer) => this.hear(answer));
    client.onNotification(STATUS, (status: Status) => this.changed.fire(status));
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) {
        this.asked.clear();
        this.ended.fire();
      }
    });
    return client;
  }

  /** A short answer may come before the reply that names its id: it waits in `early`. */
  private begin(begun: Begun): void {
    this.asked.add(begun.id);
    this.begun.fire(begun);
    this.early.filter((answer) => answer.id === begun.id).forEach((each) => this.hear(each));
  }

  private hear(answer: Answer): void {
    if (!this.asked.has(answer.id)) {
      if (this.asking > 0) {
        this.early.push(answer);
      }
      return; // nobody asked: bugs are looked for when a file is saved
    }
    if (answer.done) {
      this.asked.delete(answer.id);
    }
    this.answered.fire(answer);
  }
}

/** The id of the answer that a command begins; some commands begin none. */
async function request(
  client: LanguageClient,
  command: string,
  question: Question,
): Promise<string | undefined> {
  const params = { command, arguments: [question] };
  const reply: unknown = await client.sendRequest(ExecuteCommandRequest.type, params);
  return (reply as { id?: string } | null)?.id;
}

const announcement: StaticFeature = {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    capabilities.experimental = { ...capabilities.experimental, qwlsp: true };
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};
