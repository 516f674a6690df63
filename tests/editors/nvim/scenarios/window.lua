-- What becomes of the window: closed and opened again, in another tab, with a smaller screen.
local editor = require('editor')

local function width()
  return vim.api.nvim_win_get_width(editor.float())
end

vim.o.columns = 120
editor.open('shop.py')
editor.put_cursor('def total')
vim.cmd('Qwlsp explain')
editor.answer()
local shown, wide = editor.float_text(), width()

vim.o.columns = 50
vim.api.nvim_exec_autocmds('VimResized', {})
local narrow = width()

vim.cmd('Qwlsp')
editor.press('q')
vim.cmd('Qwlsp')
local again = editor.float_text()
local other_file = pcall(vim.cmd.edit, 'bug.py')
vim.cmd('tabnew client.py')
local elsewhere = editor.float_text()
vim.cmd('Qwlsp')
return {
  shown = shown,
  wide = wide,
  narrow = narrow,
  again = again,
  other_file = other_file,
  elsewhere = elsewhere,
  in_the_tab = editor.float_text(),
}
