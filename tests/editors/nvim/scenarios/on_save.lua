-- Look for bugs whenever a file is saved: nobody asked, so only the code shows what was found.
local editor = require('editor')

editor.open('bug.py')
editor.put_cursor('into.append')
editor.press('Ointo.clear()<Esc>')
vim.cmd.write()
editor.wait('the finding', function() return #vim.diagnostic.get(0) > 0 end)
vim.cmd('%substitute/into=\\[\\]/into')
vim.cmd.write()
editor.wait('the end of the finding', function() return #vim.diagnostic.get(0) == 0 end)
return { messages = editor.messages, window = editor.float_text() }
