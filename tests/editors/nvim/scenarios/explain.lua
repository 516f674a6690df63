-- Look at what is on offer, choose Explain, read while it is written, hover.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
local code = vim.api.nvim_get_current_win()
local actions = editor.actions()
local seen = {}
editor.choose('Explain `total`')
editor.wait('the window', editor.float)
local cursor_stays = vim.api.nvim_get_current_win() == code
local job = editor.answer(seen)
local frame, shown = editor.frame(), editor.float_text()

vim.cmd('Qwlsp')
local entered = vim.api.nvim_get_current_win() == editor.float()
editor.press('q')
local closed = editor.float() == nil
vim.api.nvim_set_current_win(code)
editor.put_cursor('total')
local hover = editor.hover()
local status
editor.wait('rest', function()
  status = require('qwlsp').status()
  return not status:find('reading', 1, true) and not status:find('writing', 1, true)
end)
return {
  actions = actions,
  seen = seen,
  shown = shown,
  markdown = job.markdown,
  source = job.result.source,
  frame = frame,
  cursor_stays = cursor_stays,
  entered = entered,
  closed = closed,
  hover = hover,
  messages = editor.messages,
  status = status,
}
