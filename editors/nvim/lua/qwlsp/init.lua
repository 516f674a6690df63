--- qwlsp for Neovim 0.10 and newer: `require('qwlsp').setup()` in init.lua. See `:help qwlsp`.

local M = {}

--- What `setup` was given, as |qwlsp.setup()| describes it.
M.options = { cmd = { 'qwlsp', 'serve' }, filetypes = nil, settings = {} }

--- Starts the server for the files that are opened from now on.
---
---@param options? { cmd?: string[], filetypes?: string[], settings?: table } cmd: the server's
---command line. settings: the section `qwlsp`, for example `{ answers = { detail = 'full' } }`.
function M.setup(options)
  M.options = vim.tbl_extend('force', M.options, options or {})
  local config = {
    cmd = M.options.cmd,
    filetypes = M.options.filetypes,
    settings = { qwlsp = M.options.settings },
    capabilities = { experimental = { qwlsp = true } },
    commands = require('qwlsp.jobs').commands,
    handlers = {
      ['qwlsp/answer'] = require('qwlsp.jobs').on_answer,
      ['qwlsp/status'] = require('qwlsp.status').on_status,
    },
    on_exit = function(_, _, client_id)
      require('qwlsp.jobs').on_exit(client_id)
      require('qwlsp.status').on_exit(client_id)
    end,
  }
  if vim.lsp.config then
    vim.lsp.config('qwlsp', config)
    vim.lsp.enable('qwlsp')
  else
    require('qwlsp.older').enable(config)
  end
end

--- What qwlsp is doing, in a few words for a status line; empty where it has nothing to say.
--- It changes with the autocommand `User QwlspStatus`.
---
---@return string
function M.status()
  return require('qwlsp.status').text()
end

return M
