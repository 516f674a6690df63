-- :checkhealth qwlsp, with whatever the set-up is.
local editor = require('editor')

vim.cmd('checkhealth qwlsp')
return { health = editor.text() }
