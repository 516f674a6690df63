from time import sleep


def rest(): return sleep(1)


def nap(minutes): sleep(minutes * 60); rest()


def weekend(): nap(1); nap(2); return "awake"
