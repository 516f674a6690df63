-- Defines :Qwlsp; what it does is loaded when it is first used.

vim.api.nvim_create_user_command('Qwlsp', function(command)
  require('qwlsp.commands').run(command)
end, {
  nargs = '*',
  range = true,
  desc = 'Explain code, ask about it, find its bugs, make it async',
  complete = function(_, line)
    return require('qwlsp.commands').complete(line)
  end,
})
