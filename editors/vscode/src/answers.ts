/** The view beside the editor in which an answer grows, and what is said where there is none. */

import MarkdownIt from 'markdown-it';
import * as vscode from 'vscode';
import { type Answer, progressOf, type Question, type Status } from './protocol';
import type { Begun, Server } from './server';

/** What the page in `media/` draws; `html` has no markup but what Markdown makes. */
interface Shown {
  heading: string;
  place: string;
  html: string;
  /** One line below the answer: how far it is, or where it comes from. */
  note: string;
  state: 'working' | 'answered' | 'truncated' | 'failed';
}

interface Current extends Begun {
  shown: Shown;
}

const markdown = new MarkdownIt({ html: false }).disable('image');

/** One view, which shows the latest answer in words. */
export class Answers implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private current: Current | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly media: vscode.Uri,
  ) {
    this.subscriptions = [
      server.onBegun((begun) => this.begin(begun)),
      server.onAnswer((answer) => this.hear(answer)),
      server.onStatus((status) => this.wait(status)),
      server.onEnded(() => this.end('*The server ended before the answer was there. Ask again.*')),
    ];
  }

  dispose(): void {
    this.panel?.dispose();
    this.subscriptions.forEach((each) => each.dispose());
  }

  private begin(begun: Begun): void {
    if (begun.command !== 'qwlsp.explain' && begun.command !== 'qwlsp.ask') {
      return;
    }
    const before = begun.question.after === undefined ? undefined : this.current;
    const continued = begun.command === 'qwlsp.explain' ? before : undefined;
    const question = { ...before?.question, ...begun.question };
    this.current = {
      ...begun,
      question,
      shown: {
        heading: continued?.shown.heading ?? begun.question.question ?? 'Explain',
        place: placeOf(question),
        html: continued?.shown.html ?? '',
        note: 'Reading the code…',
        state: 'working',
      },
    };
    this.show();
  }

  private hear(answer: Answer): void {
    if (answer.id !== this.current?.id) {
      sayHowItEnded(answer);
      return;
    }
    const { shown } = this.current;
    if (answer.cancelled) {
      this.end('*Cancelled.*');
    } else if (answer.error !== undefined) {
      this.end(answer.error); // the server shows it as a message, too
    } else {
      shown.html = markdown.render(answer.markdown);
      shown.heading = headingOf(answer) ?? shown.heading;
      shown.note = answer.result ? originOf(answer) : 'Writing…';
      if (answer.result) {
        shown.state = answer.result.truncated ? 'truncated' : 'answered';
      }
      this.draw();
    }
  }

  private wait(status: Status): void {
    if (status.state === 'reading' && this.current?.shown.state === 'working') {
      this.current.shown.note = `Reading the code: ${progressOf(status)}`;
      this.draw();
    }
  }

  private end(why: string): void {
    if (this.current?.shown.state === 'working') {
      this.current.shown.html += markdown.render(why);
      this.current.shown.note = '';
      this.current.shown.state = 'failed';
      this.draw();
    }
  }

  private show(): void {
    if (this.panel) {
      this.panel.reveal(undefined, true);
    } else {
      const aside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.panel = vscode.window.createWebviewPanel('qwlsp.answer', 'qwlsp', aside, {
        enableScripts: true,
        enableFindWidget: true,
        localResourceRoots: [this.media],
      });
      this.panel.webview.onDidReceiveMessage((message: unknown) => this.act(message));
      this.panel.onDidDispose(() => (this.panel = undefined));
      this.panel.webview.html = page(this.panel.webview, this.media);
    }
    this.draw();
  }

  private draw(): void {
    void this.panel?.webview.postMessage(this.current?.shown);
  }

  private act(message: unknown): void {
    if (!this.current) {
      return;
    }
    const { id, command, question } = this.current;
    if (message === 'ready') {
      this.draw(); // the page is made anew each time it comes to the front
    } else if (message === 'cancel') {
      void this.server.cancel(id);
    } else if (message === 'continue') {
      void this.server.ask('qwlsp.explain', { uri: question.uri, after: id });
    } else if (message === 'follow-up') {
      void this.followUp(this.current);
    } else if (message === 'again') {
      void this.server.ask(command, { ...question, version: undefined });
    } else if (message === 'place') {
      void reveal(question);
    }
  }

  private async followUp({ id, question }: Current): Promise<void> {
    const words = await vscode.window.showInputBox({ prompt: 'What else do you want to know?' });
    if (words) {
      await this.server.ask('qwlsp.ask', { uri: question.uri, question: words, after: id });
    }
  }
}

/** What the editor does not show by itself of an action that answers with edits or findings. */
function sayHowItEnded(answer: Answer): void {
  const { action, result } = answer;
  if (!result) {
    return; // cancelled, or the server has said why not
  }
  const said = [...(result.warnings ?? [])];
  if (action === 'make-async' && !result.edits?.length) {
    said.unshift(result.markdown);
  }
  if (said.length) {
    void vscode.window.showWarningMessage(said.join('\n'));
  } else if (action === 'find-bug' && !result.findings?.length) {
    void vscode.window.showInformationMessage('No bugs were found.');
  }
}

function headingOf({ action, result }: Answer): string | undefined {
  return action === 'explain' && result?.symbol ? `Explain ${result.symbol}` : undefined;
}

function originOf({ result }: Answer): string {
  if (result?.source !== 'model') {
    return ''; // the answer says itself that no model was asked
  }
  const when = result.cached ? 'remembered' : `${result.usage.seconds.toFixed(1)} s`;
  return `${result.model ?? 'model'}, ${when}`;
}

function placeOf({ uri, range }: Question): string {
  const name = vscode.Uri.parse(uri).path.split('/').pop() ?? uri;
  return range ? `${name}:${range.start.line + 1}` : name;
}

async function reveal({ uri, range }: Question): Promise<void> {
  if (range) {
    const { start, end } = range;
    const selection = new vscode.Range(start.line, start.character, end.line, end.character);
    const viewColumn = vscode.ViewColumn.One;
    await vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection, viewColumn });
  }
}

/** The page around the answer: it loads nothing but the two files of this extension. */
function page(webview: vscode.Webview, media: vscode.Uri): string {
  const file = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
  const source = webview.cspSource;
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta http-equiv="Content-Security-Policy"
        content="default-src 'none'; style-src ${source}; script-src ${source}">
  <link rel="stylesheet" href="${file('answer.css')}">
  <title>qwlsp</title>
</head>
<body>
  <header><h1 id="heading"></h1><a id="place" href="#" data-message="place"></a></header>
  <main id="answer" aria-live="polite"></main>
  <footer>
    <p id="note"></p>
    <button id="cancel" data-message="cancel" hidden>Cancel</button>
    <button id="continue" data-message="continue" hidden>Continue</button>
    <button id="follow-up" data-message="follow-up" hidden>Ask a Follow-Up</button>
    <button id="again" data-message="again" hidden>Try Again</button>
  </footer>
  <script src="${file('answer.js')}"></script>
</body>
</html>`;
}
