--- Neovim 0.10, which has neither vim.lsp.config() nor vim.lsp.enable().

local M = {}

--- Starts the server with each file of its types that is opened from now on.
---
---@param config table what is added to the configuration in lsp/qwlsp.lua
function M.enable(config)
  local base = dofile(vim.api.nvim_get_runtime_file('lsp/qwlsp.lua', false)[1])
  base.on_attach = nil -- its :QwlspAsk needs a newer Neovim, and :Qwlsp ask does the same
  config = vim.tbl_deep_extend('force', base, config, {
    name = 'qwlsp',
    capabilities = vim.tbl_deep_extend(
      'force', vim.lsp.protocol.make_client_capabilities(), config.capabilities
    ),
  })
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('qwlsp', {}),
    pattern = config.filetypes,
    callback = function(event)
      if vim.bo[event.buf].buftype == '' then
        local root = vim.fs.root(event.buf, config.root_markers)
        vim.lsp.start(vim.tbl_extend('force', config, { root_dir = root }), { bufnr = event.buf })
      end
    end,
  })
end

return M
