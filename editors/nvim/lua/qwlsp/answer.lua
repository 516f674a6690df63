--- The floating window in which an answer is read while it is written.
---
--- There is one, and it shows the question asked last. It never takes the cursor: `:Qwlsp` goes to
--- it, `q` closes it.

local M = {}

local WIDEST = 80 -- columns
local HIGHEST = 0.5 -- of the screen

local current ---@type qwlsp.Job?
local buffer ---@type integer?
local window ---@type integer?

local function is_open()
  return window ~= nil and vim.api.nvim_win_is_valid(window)
end

local function is_here()
  return is_open()
    and vim.api.nvim_win_get_tabpage(window) == vim.api.nvim_get_current_tabpage()
end

--- The scratch buffer, made when it is first needed, or was wiped out.
local function scratch()
  if buffer and vim.api.nvim_buf_is_valid(buffer) then
    return buffer
  end
  buffer = vim.api.nvim_create_buf(false, true)
  -- Some builds of Neovim lack the parsers that its own file type plugin for Markdown wants.
  if not pcall(function() vim.bo[buffer].filetype = 'markdown' end) then
    vim.bo[buffer].syntax = 'markdown'
  end
  vim.bo[buffer].modifiable = false
  vim.keymap.set('n', 'q', M.close, { buffer = buffer, desc = 'Close the answer' })
  vim.keymap.set('n', '<C-c>', function() require('qwlsp.jobs').cancel() end, {
    buffer = buffer, desc = 'Stop the answer',
  })
  return buffer
end

local function title(job)
  local result = job.result
  if result and result.action == 'explain' and result.symbol ~= '' then
    return (' Explain `%s` '):format(result.symbol)
  end
  return (' %s '):format(job.title:gsub('%s+', ' '))
end

--- What the frame says below: how it goes on.
local function footer(job)
  if not job.done then
    return ' :Qwlsp cancel '
  elseif job.result and job.result.truncated then
    return ' cut off, :Qwlsp more goes on '
  elseif job.result and job.result.source ~= 'model' then
    return ' without a model, :checkhealth qwlsp says why '
  end
  return ' :Qwlsp to come here, q to close '
end

--- The text of the window.
local function text(job)
  local parts = { job.markdown }
  if job.error then
    parts = { job.markdown, job.error }
  elseif job.cancelled then
    parts = { job.markdown, '*Cancelled.*' }
  elseif job.markdown == '' then
    parts = { ('*%s*'):format(require('qwlsp.status').progress()) }
  end
  parts = vim.tbl_filter(function(part) return part ~= '' end, parts)
  return vim.split(table.concat(parts, '\n\n'), '\n', { plain = true })
end

--- The place of the window: at the right, above or below the cursor's line.
local function place(job, height)
  local above = vim.fn.screenrow() > vim.o.lines / 2
  return {
    relative = 'editor',
    anchor = above and 'NE' or 'SE',
    row = above and 1 or vim.o.lines - vim.o.cmdheight - 1,
    col = vim.o.columns,
    width = math.max(1, math.min(WIDEST, vim.o.columns - 2)),
    height = height,
    border = 'rounded',
    title = title(job),
    footer = footer(job),
  }
end

local function open(job)
  local settings = vim.tbl_extend('error', place(job, 1), { style = 'minimal', noautocmd = true })
  window = vim.api.nvim_open_win(scratch(), false, settings)
  local options = {
    wrap = true, linebreak = true, breakindent = true, conceallevel = 2, concealcursor = 'n',
    winfixbuf = true, -- a file that is opened here would be lost in this window
  }
  for name, value in pairs(options) do
    vim.api.nvim_set_option_value(name, value, { win = window, scope = 'local' })
  end
end

--- Makes the window as high as its text, up to half of the screen, where it is.
local function fit(job)
  local highest = math.max(1, math.floor(vim.o.lines * HIGHEST))
  local needed = vim.api.nvim_win_text_height(window, {}).all
  vim.api.nvim_win_set_config(window, {
    height = math.max(1, math.min(needed, highest)), title = title(job), footer = footer(job),
  })
end

--- Puts a job's text into the window. One who reads the end of a growing text goes on reading the
--- end; a text that is there at once is read from its beginning.
local function draw(job)
  local at_end = vim.api.nvim_get_current_win() ~= window
    or vim.api.nvim_win_get_cursor(window)[1] == vim.api.nvim_buf_line_count(buffer)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, text(job))
  vim.bo[buffer].modifiable = false
  fit(job)
  job.has_grown = job.has_grown or (not job.done and job.markdown ~= '')
  if at_end and job.has_grown then
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

--- Opens the window for a question that was just asked.
---
---@param job qwlsp.Job
function M.show(job)
  current = job
  if not is_here() then
    M.close()
    open(job)
  end
  draw(job)
end

--- Shows what has become of a job, if it is still the one that is shown.
---
---@param job qwlsp.Job
function M.update(job)
  if job == current and is_open() then
    draw(job)
  end
end

--- Shows how much has been read, as long as there is nothing to read here.
function M.update_progress()
  if current and not current.done and current.markdown == '' then
    M.update(current)
  end
end

--- Goes to the window; opens it again if it was closed.
function M.enter()
  if not current then
    return vim.notify('Nothing was asked yet. :Qwlsp explain explains the code at the cursor.')
  end
  M.show(current)
  vim.api.nvim_set_current_win(window)
end

--- Closes the window. An answer that is being written goes on.
function M.close()
  if is_open() then
    vim.api.nvim_win_close(window, true)
  end
end

--- The question that is shown, for those that follow it; nil before the first.
---
---@return qwlsp.Job?
function M.current()
  return current
end

--- Whether the cursor is in the window.
---
---@return boolean
function M.has_cursor()
  return is_open() and vim.api.nvim_get_current_win() == window
end

vim.api.nvim_create_autocmd('VimResized', {
  group = vim.api.nvim_create_augroup('qwlsp.answer', {}),
  callback = function()
    if current and is_open() then
      vim.api.nvim_win_set_config(window, place(current, 1))
      draw(current)
    end
  end,
})

return M
