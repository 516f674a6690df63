--- What was asked of the server, by command or by code action, and what becomes of it.
---
--- The server replies to a command with an id, and sends the answer in notifications with that id
--- (docs/protocol.md). A remembered answer may be there before the reply with its id.

local answer = require('qwlsp.answer')
local client = require('qwlsp.client')

local M = {}

---@class qwlsp.Job
---@field command string the server's name of the command
---@field argument table its argument
---@field title string what a person chose
---@field client_id integer
---@field id? string the server's; nil until it has replied
---@field markdown string the answer so far
---@field has_grown? boolean whether more than one part of it was shown
---@field done boolean
---@field result? table the JSON object, once it is there
---@field error? string why there is no answer, in one sentence
---@field cancelled? boolean

--- The commands whose answers are texts to read; the others are seen where the code is.
local READ = { ['qwlsp.explain'] = true, ['qwlsp.ask'] = true }

local unnamed = {} ---@type table<qwlsp.Job, true> those that the server has not replied to
local running = {} ---@type table<string, qwlsp.Job> those that it has
local early = {} ---@type table<string, table> messages that came before the reply with their id

local function key(client_id, id)
  return client_id .. ' ' .. id
end

--- Tells what a person can't see in the code: why nothing was changed, that nothing was found.
local function tell(job)
  local result = job.result
  if not result then
    return -- the server says itself why there is none
  end
  local said = {}
  if job.command == 'qwlsp.findBug' and #result.findings == 0 then
    said = { job.title .. ': none was found.' }
  elseif job.command == 'qwlsp.makeAsync' and #result.edits == 0 then
    said = { result.markdown }
  elseif #result.warnings > 0 then
    said = { job.title .. ': done.' }
  end
  vim.list_extend(said, result.warnings)
  if #said > 0 then
    local level = #result.warnings > 0 and vim.log.levels.WARN or vim.log.levels.INFO
    vim.notify(table.concat(said, '\n'), level)
  end
end

--- Takes over what a message says about a job.
local function follow(job, message)
  if message.markdown ~= '' then -- a job that was cancelled keeps what it had written
    job.markdown = message.markdown
  end
  job.result, job.error, job.cancelled = message.result, message.error, message.cancelled
  job.done = message.done
  if job.done then
    running[key(job.client_id, job.id)] = nil
  end
  if READ[job.command] then
    answer.update(job)
  elseif job.done then
    tell(job)
  end
end

--- Ends a job that the server has not answered and never will.
local function give_up(job, reason)
  unnamed[job] = nil
  job.done, job.error = true, reason
  if READ[job.command] then
    answer.update(job)
  end
end

--- Runs a command and follows what becomes of it.
---
---@param to vim.lsp.Client
---@param command string
---@param argument table
---@param title string
function M.run(to, command, argument, title)
  local job = {
    command = command, argument = argument, title = title,
    client_id = to.id, markdown = '', done = false,
  }
  if READ[command] then
    answer.show(job)
  end
  unnamed[job] = true
  client.execute(to, command, argument, function(reply)
    unnamed[job] = nil
    job.id = reply.id
    local name = key(to.id, reply.id)
    running[name] = job
    if early[name] then
      follow(job, early[name])
    end
    if not next(unnamed) then
      early = {}
    end
  end, function(sentence)
    give_up(job, sentence)
  end)
end

--- Stops whatever was asked and is not answered.
function M.cancel()
  for _, job in pairs(running) do
    local to = vim.lsp.get_client_by_id(job.client_id)
    if to then
      client.execute(to, 'qwlsp.cancel', { id = job.id })
    end
  end
end

--- The handler of `qwlsp/answer`. What the server does by itself, like looking for bugs in files
--- that are saved, shows in the code alone.
function M.on_answer(_, message, context)
  local name = key(context.client_id, message.id)
  if running[name] then
    follow(running[name], message)
  elseif next(unnamed) then
    early[name] = message
  end
end

--- Nothing more comes from a server that has ended.
---
---@param client_id integer
function M.on_exit(client_id)
  vim.schedule(function()
    local waiting = vim.list_extend(vim.tbl_keys(unnamed), vim.tbl_values(running))
    for _, job in ipairs(waiting) do
      if job.client_id == client_id then
        running[key(client_id, job.id or '')] = nil
        give_up(job, 'qwlsp has ended.')
      end
    end
  end)
end

--- Neovim's own handling of commands, which code actions have, takes no notice of the reply.
M.commands = {}
for _, name in ipairs({ 'qwlsp.explain', 'qwlsp.ask', 'qwlsp.makeAsync', 'qwlsp.findBug' }) do
  M.commands[name] = function(command, context)
    local to = assert(vim.lsp.get_client_by_id(context.client_id))
    M.run(to, command.command, command.arguments[1], command.title)
  end
end

return M
