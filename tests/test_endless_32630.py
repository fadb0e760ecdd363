import time


def test_endless(live_server, tmp_path):
    print(f"\nrun {tmp_path} {live_server}", flush=True)
    time.sleep(3600)
