-- Type in a file of 10,000 lines while an answer is written, and ask the server what it has.
local editor = require('editor')

local KEYS, EVERY = 200, 50

local function milliseconds_since(began)
  return (vim.uv.hrtime() - began) / 1e6
end

--- How long it takes the server to take over what was typed: it replies to a request that costs
--- nothing after that.
local function until_taken_over(client)
  local began, taken = vim.uv.hrtime(), nil
  require('qwlsp.client').execute(client, 'qwlsp.cancel', { id = 'none' }, function()
    taken = milliseconds_since(began)
  end)
  return editor.wait('the reply', function() return taken end)
end

local function percentile(values, share)
  table.sort(values)
  return values[math.ceil(#values * share)]
end

editor.open('long.py')
vim.cmd('Qwlsp explain')
editor.wait('the first words', function()
  return require('qwlsp.answer').current().markdown ~= ''
end)
local keys, handled, wrong = {}, {}, {}
local client = editor.client()
for number = 1, KEYS do
  local line = (number * 37) % 2000 * 5 + 1
  vim.api.nvim_win_set_cursor(0, { line, 4 })
  local began = vim.uv.hrtime()
  editor.press('ix<Esc>')
  table.insert(keys, milliseconds_since(began))
  table.insert(handled, until_taken_over(client))
  if number % EVERY == 0 then
    local name = vim.fn.getline(line):match('def ([%w_]+)')
    local title = editor.explained_at(name)
    if title ~= ('Explain `%s`'):format(name) then
      table.insert(wrong, { name, title })
    end
  end
end
local still_writing = not require('qwlsp.answer').current().done
vim.cmd('Qwlsp cancel')
editor.answer()
return {
  keys = KEYS,
  key_p99 = percentile(keys, 0.99),
  handled_p99 = percentile(handled, 0.99),
  wrong = wrong,
  still_writing = still_writing,
  encoding = client.offset_encoding,
}
