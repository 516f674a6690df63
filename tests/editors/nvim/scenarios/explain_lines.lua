-- Explain selected lines with :Qwlsp, then the same again.
local editor = require('editor')

editor.open('shop.py')
vim.cmd('1,3Qwlsp explain')
local first = editor.answer()
vim.cmd('1,3Qwlsp explain')
local again = editor.answer()
vim.cmd('1,3Qwlsp explain!')
local anew = editor.answer()
return {
  range = first.result.range,
  cached = { first.result.cached, again.result.cached, anew.result.cached },
}
