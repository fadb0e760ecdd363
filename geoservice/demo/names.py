"""Invented names: alleys and estates. Places only, never people."""

from __future__ import annotations

_ALLEYS = (
    ("青稞", "Qingke"), ("雪莲", "Xuelian"), ("吉雄", "Jixiong"), ("扎西", "Zhaxi"), ("藏柳", "Zangliu"),
    ("邦锦", "Bangjin"), ("核桃", "Hetao"), ("水磨", "Shuimo"), ("石桥", "Shiqiao"), ("南门", "Nanmen"),
    ("老井", "Laojing"), ("织机", "Zhiji"), ("铁匠", "Tiejiang"), ("酥油", "Suyou"), ("茶马", "Chama"),
    ("杨树", "Yangshu"), ("桃花", "Taohua"), ("春晖", "Chunhui"), ("顺和", "Shunhe"), ("兴业", "Xingye"),
    ("东风", "Dongfeng"), ("向阳", "Xiangyang"), ("新村", "Xincun"), ("文化", "Wenhua"), ("工农", "Gongnong"),
    ("育才", "Yucai"), ("丰收", "Fengshou"), ("泉水", "Quanshui"), ("果园", "Guoyuan"), ("白杨", "Baiyang"),
    ("金谷", "Jingu"), ("银泉", "Yinquan"), ("长寿", "Changshou"), ("北门", "Beimen"), ("柳林", "Liulin"),
    ("河湾", "Hewan"), ("渡口", "Dukou"), ("磨坊", "Mofang"), ("粮站", "Liangzhan"), ("邮局", "Youju"),
    ("花园", "Huayuan"), ("平安", "Pingan"), ("友谊", "Youyi"), ("光明", "Guangming"), ("前进", "Qianjin"),
    ("永乐", "Yongle"), ("迎宾", "Yingbin"), ("书院", "Shuyuan"), ("石榴", "Shiliu"), ("苹果", "Pingguo"),
    ("麦田", "Maitian"), ("双拥", "Shuangyong"), ("和顺", "Heshun"), ("同心", "Tongxin"), ("德吉", "Deji"),
    ("曲水", "Qushui"), ("热巴", "Reba"), ("达瓦", "Dawa"), ("星火", "Xinghuo"), ("云杉", "Yunshan"),
    ("麻纺", "Mafang"), ("砖窑", "Zhuanyao"), ("木材", "Mucai"), ("陶然", "Taoran"), ("鱼市", "Yushi"),
    ("清风", "Qingfeng"), ("明月", "Mingyue"), ("松涛", "Songtao"), ("竹苑", "Zhuyuan"), ("梅园", "Meiyuan"),
    ("兰亭", "Lanting"), ("菊圃", "Jupu"), ("榆钱", "Yuqian"), ("槐荫", "Huaiyin"), ("沙棘", "Shaji"),
)  # fmt: skip

ALLEY_NAMES = tuple(f"{name}巷" for name, _ in _ALLEYS)
ALLEY_NAMES_EN = tuple(f"{name_en} Alley" for _, name_en in _ALLEYS)

ESTATES = (
    ("安居苑", "Anju Court"), ("格桑花园", "Gesang Garden"), ("雅砻小区", "Yalong Estate"),
    ("德吉小区", "Deji Estate"), ("幸福家园", "Xingfu Homes"), ("滨河新村", "Riverside New Village"),
    ("康桑苑", "Kangsang Court"), ("和谐小区", "Hexie Estate"), ("阳光花园", "Sunshine Garden"),
    ("团结新村", "Tuanjie New Village"), ("吉祥苑", "Jixiang Court"), ("祥和家园", "Xianghe Homes"),
    ("雪域花园", "Snowland Garden"), ("湘江苑", "Xiangjiang Court"), ("楚天小区", "Chutian Estate"),
    ("锦绣苑", "Jinxiu Court"), ("民生小区", "Minsheng Estate"), ("朝阳苑", "Chaoyang Court"),
    ("桃源小区", "Taoyuan Estate"), ("柳林苑", "Liulin Court"), ("金桥小区", "Jinqiao Estate"),
    ("明珠苑", "Mingzhu Court"), ("新城家园", "Xincheng Homes"), ("绿洲花园", "Oasis Garden"),
    ("长安苑", "Changan Court"), ("福康小区", "Fukang Estate"), ("乐居苑", "Leju Court"),
    ("怡景小区", "Yijing Estate"), ("东方苑", "Dongfang Court"), ("利民小区", "Limin Estate"),
)  # fmt: skip

PARKS = (
    ("萨热公园", "Sare Park"), ("格桑广场", "Gesang Square"), ("林卡园", "Linka Garden"),
    ("安居游园", "Anju Green"), ("白日街心花园", "Bairi Street Garden"), ("和平绿地", "Heping Green"),
)  # fmt: skip

CAMPUSES = (
    ("萨热小学", "Sare Primary School", "school"), ("社区卫生服务中心", "Community Health Centre", "public"),
    ("雅砻中学", "Yalong Middle School", "school"), ("萨热农贸市场", "Sare Farmers' Market", "shop"),
    ("格桑幼儿园", "Gesang Kindergarten", "school"), ("文化活动中心", "Culture Centre", "public"),
    ("社区综合服务中心", "Community Service Centre", "public"), ("客运站", "Coach Station", "public"),
)  # fmt: skip
