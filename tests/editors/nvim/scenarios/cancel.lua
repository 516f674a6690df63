-- Cancel while a long prompt is being read, then ask about something short.
local editor = require('editor')

editor.open('long.py')
vim.cmd('%Qwlsp explain')
local reading = editor.wait('the reading', function()
  local text = editor.float_text()
  return text and text:find('reading', 1, true) and text
end)
local status = require('qwlsp').status()
vim.cmd('Qwlsp cancel')
local job = editor.answer()
local shown = editor.float_text()
editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp explain')
local again = editor.answer()
return {
  reading = reading,
  status = status,
  cancelled = job.cancelled,
  shown = shown,
  again = again.result and again.result.source,
  messages = editor.messages,
}
