-- The model's process is killed while it writes: the answer ends in a sentence, the next is there.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp explain')
editor.wait('the first words', function()
  return require('qwlsp.answer').current().markdown ~= ''
end)
local before = editor.workers()
vim.uv.kill(before[1], 'sigkill')
local failed = editor.answer()
local shown = editor.float_text()
vim.cmd('Qwlsp explain')
editor.wait('the next words', function()
  return require('qwlsp.answer').current().markdown ~= ''
end)
return {
  error = failed.error,
  shown = shown,
  before = before,
  after = editor.workers(),
  messages = editor.messages,
}
