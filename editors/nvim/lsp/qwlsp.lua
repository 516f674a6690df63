-- qwlsp for Neovim 0.11 and newer. Copy this file to ~/.config/nvim/lsp/qwlsp.lua, put
-- vim.lsp.enable('qwlsp') into your init.lua, and open a Python file: `gra` offers "Explain",
-- `K` on the name of what was explained shows the answer.
return {
  cmd = { 'qwlsp', 'serve' },
  filetypes = { 'python' },
  root_markers = { 'pyproject.toml', 'setup.py', '.git' },
  -- settings = { qwlsp = { model = { path = '/path/to/model.gguf' } } },
}
