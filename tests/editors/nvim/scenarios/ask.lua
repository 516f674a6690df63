-- Ask about a function in Chinese, then about the answer in its window.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp ask 这个函数返回什么?')
local first = editor.answer()
local title = editor.frame().title
vim.cmd('Qwlsp')
vim.ui.input = function(_, on_confirm) on_confirm('为什么?') end
vim.cmd('Qwlsp ask')
editor.wait('the follow-up', function() return require('qwlsp.answer').current() ~= first end)
local second = editor.answer()
return {
  title = title,
  first = first.markdown,
  second = second.markdown,
  follows = second.argument.after == first.id,
  error = first.error or second.error,
}
