-- Change model, detail and language while one works.
local editor = require('editor')

editor.open('shop.py')
editor.put_cursor('def total')
local offered
vim.ui.select = function(items, options, on_choice)
  offered = vim.tbl_map(options.format_item, items)
  on_choice(items[1])
end
vim.cmd('Qwlsp model')
editor.wait('the choice of models', function() return #editor.messages > 0 end)
vim.cmd('Qwlsp detail full')
vim.cmd('Qwlsp language Klingon')
editor.wait('what the server says', function() return #editor.messages > 3 end)
vim.cmd('Qwlsp explain')
local job = editor.answer()
return {
  offered = offered,
  settings = editor.client().settings,
  model = job.result.model,
  messages = editor.messages,
}
