--- :Qwlsp and what follows it.

local answer = require('qwlsp.answer')
local choices = require('qwlsp.choices')
local client = require('qwlsp.client')
local jobs = require('qwlsp.jobs')

local M = {}

---@class qwlsp.Call
---@field words string what follows the subcommand
---@field bang boolean whether the subcommand has a `!`
---@field lines? { [1]: integer, [2]: integer } the range before the command

--- Where a question is about: the selected lines, or what is around the cursor.
local function place(to, call)
  local range = vim.lsp.util.make_range_params(0, to.offset_encoding).range
  if call.lines then
    range = {
      start = { line = call.lines[1] - 1, character = 0 },
      ['end'] = { line = call.lines[2], character = 0 },
    }
  end
  return { uri = vim.uri_from_bufnr(0), range = range }
end

local function with(more, argument)
  return vim.tbl_extend('force', argument, more)
end

--- Asks about the answer in whose window the cursor is, about all files, or about a place.
local function ask(to, call)
  local words = vim.trim(call.words)
  if words == '' then
    return
  end
  local before = answer.current()
  local argument
  if call.bang then
    if not to.root_dir then
      return vim.notify('This file is in no project: there is nothing else to ask about.')
    end
    argument = { uri = vim.uri_from_fname(to.root_dir) }
  elseif before and before.id and answer.has_cursor() then
    argument = { uri = before.argument.uri, after = before.id }
  else
    argument = place(to, call)
  end
  jobs.run(to, 'qwlsp.ask', with({ question = words }, argument), words)
end

---@type table<string, fun(to: vim.lsp.Client, call: qwlsp.Call)>
local subcommands = {
  explain = function(to, call)
    jobs.run(to, 'qwlsp.explain', with({ fresh = call.bang }, place(to, call)), 'Explain')
  end,
  async = function(to, call)
    local argument = with({ withCallers = call.bang }, place(to, call))
    jobs.run(to, 'qwlsp.makeAsync', argument, 'Make async')
  end,
  bugs = function(to, call)
    jobs.run(to, 'qwlsp.findBug', with({ fresh = call.bang }, place(to, call)), 'Find bugs')
  end,
  ask = function(to, call)
    if call.words ~= '' then
      return ask(to, call)
    end
    vim.ui.input({ prompt = 'Ask: ' }, function(words)
      ask(to, { words = words or '', bang = call.bang, lines = call.lines })
    end)
  end,
  more = function(to)
    local before = answer.current()
    if not (before and before.result and before.result.truncated) then
      return vim.notify('There is no answer that was cut off.')
    end
    local argument = { uri = before.argument.uri, after = before.id }
    jobs.run(to, 'qwlsp.explain', argument, before.title) -- goes on with questions, too
  end,
  cancel = function()
    jobs.cancel()
  end,
  model = function(to, call)
    choices.model(to, call.words)
  end,
  language = function(to, call)
    choices.language(to, call.words)
  end,
  detail = function(to, call)
    choices.detail(to, call.words)
  end,
}

--- What may follow a subcommand.
local words_of = { detail = { 'brief', 'full' }, language = { 'auto' } }
local with_bang = { 'explain!', 'async!', 'bugs!', 'ask!' }

--- Runs `:Qwlsp`; without a subcommand it goes to the answer.
---
---@param command table as nvim_create_user_command() describes it
function M.run(command)
  local name, bang, words = vim.trim(command.args):match('^(%a*)(!?)%s*(.*)$')
  if command.args == '' then
    return answer.enter()
  elseif not subcommands[name] then
    return vim.notify(('There is no :Qwlsp %s.'):format(command.args), vim.log.levels.ERROR)
  end
  local to = client.get()
  if to then
    local lines = command.range > 0 and { command.line1, command.line2 } or nil
    subcommands[name](to, { words = words, bang = bang == '!', lines = lines })
  end
end

--- What can stand where the command line ends.
---
---@param line string the command line so far
---@return string[]
function M.complete(line)
  local typed = vim.split(line:gsub('^.-Qwlsp%s+', ''), '%s+')
  local found = words_of[typed[1]] or {}
  if #typed == 1 then
    found = vim.list_extend(vim.tbl_keys(subcommands), with_bang)
    table.sort(found)
  end
  return vim.tbl_filter(function(word) return vim.startswith(word, typed[#typed]) end, found)
end

return M
