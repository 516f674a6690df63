-- Helix in Neovim's terminal: choose Explain, hover, make async and undo.
-- The environment names the program: QWLSP_HELIX.
local editor = require('editor')

vim.o.columns, vim.o.lines = 120, 40

local job ---@type integer the terminal's

local function screen()
  return editor.text()
end

--- Waits for a text on the screen, and returns all that is on it then.
local function shown(text)
  if not vim.wait(20000, function() return screen():find(text, 1, true) end) then
    error(('%s is not on the screen:\n%s'):format(text, screen()))
  end
  return screen()
end

local function type_keys(keys)
  vim.fn.chansend(job, vim.keycode(keys))
end

--- Opens a file; the menu of actions is empty until the server is there.
local function open(file)
  vim.cmd.enew({ bang = true })
  job = vim.fn.jobstart({ os.getenv('QWLSP_HELIX'), file }, { term = true })
  shown('NOR')
end

--- Puts the cursor on a text, and opens the menu of actions there, as soon as there are any.
local function menu_at(text, title)
  type_keys('/' .. text .. '<CR>')
  for _ = 1, 30 do
    type_keys(' a')
    if vim.wait(2000, function() return screen():find(title, 1, true) end) then
      return screen()
    end
  end
  error('There are no actions: ' .. screen())
end

--- Chooses from the menu, which begins in the line below the cursor's; other servers than qwlsp may
--- have put their actions there, too.
local function choose(menu, text, title)
  local cursor, wanted
  for number, line in ipairs(vim.split(menu, '\n')) do
    cursor = cursor or line:find(text, 1, true) and number
    wanted = wanted or (line .. ' '):find(title .. ' ', 1, true) and number
  end
  type_keys(('<C-n>'):rep(wanted - cursor - 1) .. '<CR>')
end

local found = {}
open('shop.py')
found.menu = menu_at('def total', 'Explain `total`')
choose(found.menu, 'def total', 'Explain `total`')
found.said = shown('is done')
type_keys(' k')
found.hover = shown('that takes')
type_keys(':q!<CR>')
vim.fn.jobwait({ job })

open('client.py')
choose(menu_at('def fetch', 'Make `fetch` async'), 'def fetch', 'Make `fetch` async')
found.async = shown('await asyncio.sleep')
type_keys('u')
editor.wait('the undo', function() return not screen():find('await asyncio.sleep', 1, true) end)
found.undone = screen()
type_keys(':q!<CR>')
vim.fn.jobwait({ job })
return found
