-- The one file lsp/qwlsp.lua, without the plugin: explain, hover, :QwlspAsk.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
editor.choose('Explain `total`')
editor.wait('the message', function() return #editor.messages > 0 end)
editor.put_cursor('total')
local hover = editor.hover()
vim.lsp.buf.hover()
local shown = editor.wait('the hover', editor.float_text)
vim.cmd('QwlspAsk what is it for?')
editor.wait('the answer', function() return #editor.messages > 1 end)
vim.cmd('QwlspAsk! where are prices added up?')
editor.wait('the answer about all files', function() return #editor.messages > 2 end)
return {
  plugin = vim.fn.exists(':Qwlsp') == 2,
  hover = hover,
  shown = shown,
  messages = editor.messages,
}
