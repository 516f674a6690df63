-- Make a function async by its code action, and take it back with one `u`.
local editor = require('editor')

editor.open('client.py')
local before = editor.text()
editor.put_cursor('def fetch')
editor.choose('Make `fetch` async')
editor.wait('the edit', function() return editor.text() ~= before end)
local after = editor.text()
editor.press('u')
return { before = before, after = after, undone = editor.text(), messages = editor.messages }
