--- The language client that is connected to qwlsp: how it is found, asked and configured.

local M = {}

--- The client of the current buffer, else of any buffer; nil, and a message, where there is none.
---
---@return vim.lsp.Client?
function M.get()
  local here = vim.lsp.get_clients({ name = 'qwlsp', bufnr = 0 })
  local client = here[1] or vim.lsp.get_clients({ name = 'qwlsp' })[1]
  if not client then
    vim.notify('qwlsp is not running here, or not yet: :checkhealth qwlsp says more.', vim.log.levels.ERROR)
  end
  return client
end

--- The command line that runs the program with other arguments than `serve`.
---
---@param server string[] the server's command line
---@param ... string
---@return string[]
function M.command(server, ...)
  return vim.list_extend(vim.list_slice(server, 1, #server - 1), { ... })
end

--- Sends a request. In Neovim 0.10 a client's functions are no methods yet.
---
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param on_reply fun(err?: lsp.ResponseError, result: any)
---@param buffer? integer
function M.request(client, method, params, on_reply, buffer)
  if vim.fn.has('nvim-0.11') == 1 then
    client:request(method, params, on_reply, buffer)
  else
    client.request(method, params, on_reply, buffer)
  end
end

--- Runs a command of the server's, and says what went wrong.
---
---@param client vim.lsp.Client
---@param command string
---@param argument table
---@param on_reply? fun(result: any) called where it did not fail
---@param on_error? fun(sentence: string)
function M.execute(client, command, argument, on_reply, on_error)
  local params = { command = command, arguments = { argument } }
  M.request(client, 'workspace/executeCommand', params, function(err, result)
    if not err then
      return on_reply and on_reply(result)
    end
    vim.notify(err.message, vim.log.levels.ERROR)
    if on_error then
      on_error(err.message)
    end
  end)
end

--- The value of a setting, nil where it was not set.
---
---@param client vim.lsp.Client
---@param ... string the names on the way to it, for example 'answers', 'detail'
function M.setting(client, ...)
  return vim.tbl_get(client.settings, 'qwlsp', ...)
end

--- Changes settings until Neovim is closed; the server takes them over at once.
---
---@param client vim.lsp.Client
---@param settings table a part of the section `qwlsp`
function M.configure(client, settings)
  client.settings = vim.tbl_deep_extend('force', client.settings, { qwlsp = settings })
  local params = { settings = client.settings }
  if vim.fn.has('nvim-0.11') == 1 then
    client:notify('workspace/didChangeConfiguration', params)
  else
    client.notify('workspace/didChangeConfiguration', params)
  end
end

return M
