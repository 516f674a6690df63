-- Complete :Qwlsp, and call it where it can't do anything.
local editor = require('editor')

local function said_to(command)
  local before = #editor.messages
  vim.cmd(command)
  return vim.list_slice(editor.messages, before + 1)
end

return {
  subcommands = vim.fn.getcompletion('Qwlsp ', 'cmdline'),
  some = vim.fn.getcompletion('Qwlsp e', 'cmdline'),
  details = vim.fn.getcompletion('Qwlsp detail ', 'cmdline'),
  unknown = said_to('Qwlsp frobnicate'),
  not_running = said_to('Qwlsp explain'),
  nothing_asked = said_to('Qwlsp'),
}
