-- Explain with no model on the machine, and find out what to do about that.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp explain')
local job = editor.answer()
local frame, first_line = editor.frame(), vim.fn.line('w0', editor.float())
local status = require('qwlsp').status()
vim.cmd('checkhealth qwlsp')
return {
  source = job.result.source,
  markdown = job.markdown,
  frame = frame,
  first_line = first_line,
  status = status,
  health = editor.text(),
}
