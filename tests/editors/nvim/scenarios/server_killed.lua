-- The server is killed while it answers: the window says so.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp explain')
editor.wait('the first words', function()
  return require('qwlsp.answer').current().markdown ~= ''
end)
vim.uv.kill(vim.api.nvim_get_proc_children(vim.fn.getpid())[1], 'sigkill')
local job = editor.answer()
return { error = job.error, shown = editor.float_text(), status = require('qwlsp').status() }
