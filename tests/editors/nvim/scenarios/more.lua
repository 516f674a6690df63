-- Go on with an answer that was cut off, where there is one.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp more')
vim.cmd('Qwlsp ask what is it for?')
local first = editor.answer()
local footer = editor.frame().footer
vim.cmd('Qwlsp more')
editor.wait('the rest', function() return require('qwlsp.answer').current() ~= first end)
local second = editor.answer()
return {
  title = editor.frame().title,
  messages = editor.messages,
  truncated = first.result.truncated,
  footer = footer,
  first = first.markdown,
  second = second.markdown,
  follows = second.argument.after == first.id,
}
