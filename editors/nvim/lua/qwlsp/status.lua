--- What the server is doing: for status lines, and for the window before there is an answer.

local M = {}

local latest ---@type table? the last `qwlsp/status`
local client_id ---@type integer? whose it was

local function changed()
  require('qwlsp.answer').update_progress()
  vim.api.nvim_exec_autocmds('User', { pattern = 'QwlspStatus', modeline = false })
  vim.cmd.redrawstatus()
end

local function time_left(seconds)
  if seconds < 1.5 then -- hardly worth saying
    return ''
  end
  return seconds < 100 and (', %.0f s left'):format(seconds)
    or (', %.0f min left'):format(seconds / 60)
end

--- The handler of `qwlsp/status`.
function M.on_status(_, status, context)
  latest, client_id = status, context.client_id
  changed()
end

--- A server that has ended does nothing.
---
---@param id integer
function M.on_exit(id)
  vim.schedule(function()
    if id == client_id then
      latest = nil
      changed()
    end
  end)
end

--- What a person waits for who has asked something, in a few words.
---
---@return string
function M.progress()
  local state = latest and latest.state
  if state == 'reading' then
    local read, total = latest.tokensRead, latest.tokensToRead
    return ('reading, %d of %d tokens%s'):format(read, total, time_left(latest.secondsLeft))
  elseif state == 'loading' then
    return 'loading the model'
  end
  return 'waiting for the first word'
end

--- |qwlsp.status()|
---
---@return string
function M.text()
  if not latest then
    return ''
  end
  local words = {
    ['no-model'] = 'no model',
    failed = 'the model failed',
    idle = latest.model,
    writing = 'writing',
  }
  return 'qwlsp: ' .. (words[latest.state] or M.progress())
end

return M
