-- :Qwlsp async where there is nothing to be made async says why.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('CURRENCY')
vim.cmd('Qwlsp async')
editor.wait('the reason', function() return #editor.messages > 0 end)
return { messages = editor.messages, window = editor.float_text() }
