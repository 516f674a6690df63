-- qwlsp for Neovim 0.11 and newer. Copy this file to ~/.config/nvim/lsp/qwlsp.lua, put
-- vim.lsp.enable('qwlsp') into your init.lua, and open a file: `gra` offers "Explain", `K` on the
-- name of what was explained shows the answer, and `:QwlspAsk why is this a loop?` asks anything
-- about the code under the cursor, the selected lines, or with a `!` about the whole workspace.

local function ask(client, buffer)
  return function(command)
    local uri, range = vim.uri_from_bufnr(buffer), nil
    if command.bang and not client.root_dir then
      return vim.notify('This file is in no project, so there is nothing around it to ask about.')
    elseif command.bang then
      uri = vim.uri_from_fname(client.root_dir)
    elseif command.range > 0 then
      range = {
        start = { line = command.line1 - 1, character = 0 },
        ['end'] = { line = command.line2, character = 0 },
      }
    else
      range = vim.lsp.util.make_range_params(0, client.offset_encoding).range
    end
    local argument = { uri = uri, range = range, question = command.args }
    client:exec_cmd({ title = 'Ask', command = 'qwlsp.ask', arguments = { argument } })
  end
end

return {
  cmd = { 'qwlsp', 'serve' },
  filetypes = {
    'python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'markdown', 'text',
  },
  root_markers = { 'pyproject.toml', 'setup.py', 'package.json', '.git' },
  on_attach = function(client, buffer)
    local options = { nargs = '+', range = true, bang = true, desc = 'Ask qwlsp' }
    vim.api.nvim_buf_create_user_command(buffer, 'QwlspAsk', ask(client, buffer), options)
  end,
  -- settings = { qwlsp = { model = { path = '/path/to/model.gguf' } } },
}
