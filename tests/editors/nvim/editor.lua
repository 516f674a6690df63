--- What a person does and sees in Neovim, for the scenarios.

local M = {}

local LONGEST_WAIT = 60000 -- milliseconds; what is waited for takes one or two seconds
local LOOK_EVERY = 1 -- millisecond

--- All messages that a person was shown, in order.
M.messages = {}

vim.notify = function(message)
  table.insert(M.messages, message)
end
vim.lsp.handlers['window/showMessage'] = function(_, result)
  table.insert(M.messages, result.message)
end

--- Questions are recorded as messages, too, and answered with none of the choices.
vim.ui.select = function(_, options, on_choice)
  table.insert(M.messages, options.prompt)
  on_choice(nil)
end

--- Waits until `holds` returns something, and returns that; an error names `what` did not come.
function M.wait(what, holds)
  local found
  local came = vim.wait(LONGEST_WAIT, function()
    found = holds()
    return found
  end, LOOK_EVERY)
  if not came then
    error(('%s did not come. Messages: %s'):format(what, vim.inspect(M.messages)))
  end
  return found
end

--- The client that is connected to qwlsp.
function M.client()
  return vim.lsp.get_clients({ name = 'qwlsp', bufnr = 0 })[1]
end

--- Opens a file and waits for the server.
function M.open(file)
  vim.cmd.edit(file)
  M.wait('the server', function()
    local client = M.client()
    return client and client.initialized
  end)
end

--- Puts the cursor on the first place of a text.
function M.put_cursor(text)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  assert(vim.fn.search('\\V' .. text, 'cW') > 0, text .. ' is not in the file')
end

--- Presses keys, as in a mapping.
function M.press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'tx', false)
end

--- The current buffer's text.
function M.text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, false), '\n')
end

--- The floating window, nil where there is none.
function M.float()
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      return window
    end
  end
end

--- The text of the floating window, nil where there is none.
function M.float_text()
  local window = M.float()
  return window and M.text(vim.api.nvim_win_get_buf(window))
end

--- Its title and footer.
function M.frame()
  local config = vim.api.nvim_win_get_config(M.float())
  local function words(chunks)
    return vim.iter(chunks):map(function(chunk) return chunk[1] end):join('')
  end
  return { title = words(config.title), footer = words(config.footer) }
end

--- The answer that is shown, once it is done; `seen` lists all texts that the window showed.
function M.answer(seen)
  return M.wait('the answer', function()
    local job, text = require('qwlsp.answer').current(), M.float_text()
    if seen and text and text ~= seen[#seen] then
      table.insert(seen, text)
    end
    return job and job.done and job
  end)
end

--- The actions on offer at the cursor, as { title, kind }.
function M.actions()
  local params = vim.lsp.util.make_range_params(0, M.client().offset_encoding)
  params.context = { diagnostics = {} }
  local found = {}
  local replies = vim.lsp.buf_request_sync(0, 'textDocument/codeAction', params, LONGEST_WAIT)
  for _, reply in pairs(replies) do
    for _, action in ipairs(reply.result or {}) do
      table.insert(found, { title = action.title, kind = action.kind })
    end
  end
  return found
end

--- Chooses a code action at the cursor by its title.
function M.choose(title)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action) return action.title == title end,
  })
end

--- The Markdown that hovering at the cursor shows, nil where there is none.
function M.hover()
  local params = vim.lsp.util.make_position_params(0, M.client().offset_encoding)
  local reply = vim.lsp.buf_request_sync(0, 'textDocument/hover', params, LONGEST_WAIT)
  local _, first = next(reply)
  return first.result and first.result.contents.value
end

--- The processes that own a model: Neovim's children are servers, and theirs are workers.
function M.workers()
  local found = {}
  for _, server in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    for _, child in ipairs(vim.api.nvim_get_proc_children(server)) do
      local command = io.open(('/proc/%d/cmdline'):format(child)):read('a')
      if command:find('qwlsp.engine.worker', 1, true) then
        table.insert(found, child)
      end
    end
  end
  return found
end

--- What the server says its buffer holds at a line: the name in the title of "Explain `name`".
function M.explained_at(text)
  M.put_cursor(text)
  for _, action in ipairs(M.actions()) do
    if action.kind == 'qwlsp.explain' then
      return action.title
    end
  end
end

return M
