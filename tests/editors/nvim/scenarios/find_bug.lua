-- Find bugs, go on typing, take the quick fix; then look where there is none.
local editor = require('editor')

editor.open('bug.py')
editor.put_cursor('def collect')
vim.cmd('Qwlsp bugs')
editor.wait('the finding', function() return #vim.diagnostic.get(0) > 0 end)
local found = vim.diagnostic.get(0)[1]
vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# two', '# lines' })
editor.wait('the move', function()
  local moved = vim.diagnostic.get(0)[1]
  return moved and moved.lnum == found.lnum + 2
end)

vim.api.nvim_win_set_cursor(0, { found.lnum + 3, found.col })
local why = editor.hover()
local before, actions = editor.text(), editor.actions()
editor.choose(vim.iter(actions):find(function(action) return action.kind == 'quickfix' end).title)
editor.wait('the fix', function() return editor.text() ~= before end)
editor.wait('the end of the finding', function() return #vim.diagnostic.get(0) == 0 end)

editor.put_cursor('def fine')
vim.cmd('Qwlsp bugs')
editor.wait('a message', function() return #editor.messages > 0 end)
return {
  found = { source = found.source, message = found.message, line = found.lnum },
  why = why,
  actions = actions,
  fixed = editor.text(),
  messages = editor.messages,
}
