-- Cancel in the answer's window while a long answer is written.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp explain')
local text = editor.wait('more words than the window holds', function()
  local job = require('qwlsp.answer').current()
  return #job.markdown > 3000 and job.markdown
end)
local last_line = vim.fn.line('w$', editor.float())
local lines = #vim.split(editor.float_text(), '\n')
vim.cmd('Qwlsp')
editor.press('<C-c>')
local job = editor.answer()
return {
  text = text,
  follows = last_line == lines,
  cancelled = job.cancelled,
  shown = editor.float_text(),
}
