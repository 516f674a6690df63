/** How edits that are to be confirmed are shown in VS Code's refactor preview. */

import { type ApplyWorkspaceEditParams, TextDocumentEdit } from 'vscode-languageclient/node';

const ASKING = 'qwlsp.asking';
const START = { line: 0, character: 0 };

/**
 * The same edits, all ticked in the preview. VS Code ticks none that needs confirmation, but they
 * belong together: half of them leave code that does not run. So an empty edit alone asks.
 */
export function tickAll(params: ApplyWorkspaceEditParams): ApplyWorkspaceEditParams {
  const { changeAnnotations = {}, documentChanges = [] } = params.edit;
  const annotations = Object.entries(changeAnnotations);
  const first = documentChanges.find(TextDocumentEdit.is);
  if (!first || !annotations.some(([, annotation]) => annotation.needsConfirmation)) {
    return params;
  }
  const ticked = annotations.map(([id, each]) => [id, { ...each, needsConfirmation: false }]);
  const asking = { label: params.label ?? 'qwlsp', needsConfirmation: true };
  const empty = { range: { start: START, end: START }, newText: '', annotationId: ASKING };
  const edit = {
    changeAnnotations: { ...Object.fromEntries(ticked), [ASKING]: asking },
    documentChanges: [{ textDocument: first.textDocument, edits: [empty] }, ...documentChanges],
  };
  return { ...params, edit };
}
